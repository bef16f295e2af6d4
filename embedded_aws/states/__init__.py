"""Step Functions: JSONata expressions; moto's interpreter is completed in moto_seams."""
