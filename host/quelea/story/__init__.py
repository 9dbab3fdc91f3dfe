"""The story: fifty agents share eight servers, greedily at first (docs/story.md)."""
