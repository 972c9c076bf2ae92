"""OpenAQ's API v3 over the sample data: the application, the data behind it, and its process."""
