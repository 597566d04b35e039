"""What the command lines do; the modules of the same names hold the parts."""
