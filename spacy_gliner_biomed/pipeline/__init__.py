"""What touches a Doc: the component and its factory, decoding, annotation, scoring."""
