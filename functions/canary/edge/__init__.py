"""Where outside data becomes the rules' values, once. The only room that knows pydantic."""
