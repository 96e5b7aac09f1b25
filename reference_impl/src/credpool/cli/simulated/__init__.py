"""`credpool simulate`: how well a pool would spend what it has."""
