"""What values the options of attacks may have: bounds beyond which an update holds nothing or is the same."""

from typing import Annotated

from pydantic import Field

Factor = Annotated[float, Field(gt=0, le=1e6)]
"""How many times an attack's own change; a negative one would be another attack."""
Deviation = Annotated[float, Field(ge=0, le=2048)]
"""Of noise; no parameter is larger."""
Weight = Annotated[float, Field(ge=0, le=1e9)]
"""Of λ·‖w − w_global‖²."""
Portion = Annotated[float, Field(gt=0, le=1)]
"""Of a member's rows."""
Count = Annotated[int, Field(ge=0, le=1000)]
"""Of models to try."""
Width = Annotated[int, Field(ge=1)]
"""Of a mark, in a row's numbers."""
Value = Annotated[float, Field(ge=-1e6, le=1e6)]
"""Of a marked number."""
Goal = Annotated[int, Field(ge=0)]
"""The class that marked rows are to get; 0 or 1 of labels."""
