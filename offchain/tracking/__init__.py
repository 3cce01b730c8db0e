"""Figures of a run or a client in other programs: TensorBoard, MLflow."""
