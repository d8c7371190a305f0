"""What an operator does to a node from outside: make its folder, publish files to it, show answers, recover it."""
