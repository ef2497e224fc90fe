"""Objects of a running gateway: where they come from, how they are changed, and where they are kept."""
