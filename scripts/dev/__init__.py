"""What works on the project itself: the demo, the package of the function, an AWS in memory."""
