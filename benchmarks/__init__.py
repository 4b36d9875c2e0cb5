"""What things take, measured on the real parts."""
