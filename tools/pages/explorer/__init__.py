"""The generated part of the Explorer: a page of the site that runs the JavaScript pool."""
