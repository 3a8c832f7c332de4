"""What one unit or layer computes: pure functions over pytrees."""
