"""Pages about executions. Each module is one page or one form's target; actions do what is to be done."""
