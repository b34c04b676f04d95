"""What starts workers: Docker containers, processes, and a scripted engine for tests, behind one protocol."""
