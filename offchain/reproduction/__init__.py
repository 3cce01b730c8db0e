"""The paper's tables and figures, and what they rest on, each from one command."""
