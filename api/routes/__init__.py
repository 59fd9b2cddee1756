"""The routes, a module for each subject, declared with their scopes, models and errors."""
