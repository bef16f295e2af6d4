"""The sample service `orders`: two Lambda functions behind one REST API, and one that is invoked directly."""
