"""`report.html`: a summary in, one file out that holds everything, asks for nothing and reads without script."""
