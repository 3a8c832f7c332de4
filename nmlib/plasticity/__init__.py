"""How weights change other than by plain backpropagation."""
