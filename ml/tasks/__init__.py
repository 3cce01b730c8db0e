"""What is learned: the one seam between an institution's rows and module and everything else."""
