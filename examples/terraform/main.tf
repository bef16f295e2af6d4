# The API orders, whose releases the canary controller brings in.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

provider "aws" {}

variable "package" {
  type        = string
  default     = "handler.zip"
  description = "The archive with handler.py in it."
}

locals {
  functions = {
    orders-read  = "handler.read"
    orders-write = "handler.write"
  }
  routes = {
    "GET /orders"      = "orders-read"
    "POST /orders"     = "orders-write"
    "GET /orders/{id}" = "orders-read"
  }
  aliases = {
    for pair in setproduct(keys(local.functions), ["live", "canary"]) : "${pair[0]}:${pair[1]}" => { function = pair[0], name = pair[1] }
  }
}

resource "aws_iam_role" "functions" {
  name = "orders-functions"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy_attachment" "functions" {
  role       = aws_iam_role.functions.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_function" "orders" {
  for_each         = local.functions
  function_name    = each.key
  handler          = each.value
  runtime          = "python3.13"
  role             = aws_iam_role.functions.arn
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  timeout          = 10
  memory_size      = 256
  publish          = true # every change publishes a version; old ones stay
}

# The controller moves the aliases, so Terraform only creates them.
resource "aws_lambda_alias" "orders" {
  for_each         = local.aliases
  name             = each.value.name
  function_name    = aws_lambda_function.orders[each.value.function].function_name
  function_version = aws_lambda_function.orders[each.value.function].version
  lifecycle {
    ignore_changes = [function_version, routing_config]
  }
}

resource "aws_lambda_permission" "orders" {
  for_each      = local.aliases
  function_name = aws_lambda_function.orders[each.value.function].function_name
  qualifier     = aws_lambda_alias.orders[each.key].name
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.orders.execution_arn}/*/*/*"
}

resource "aws_api_gateway_rest_api" "orders" {
  name = "orders"
  body = jsonencode({
    openapi = "3.0.1"
    info    = { title = "orders", version = "1" }
    paths = {
      for path in distinct([for route in keys(local.routes) : split(" ", route)[1]]) : path => {
        for route, function in local.routes : lower(split(" ", route)[0]) => {
          responses = { "200" = { description = "done" } }
          x-amazon-apigateway-integration = {
            type       = "aws_proxy"
            httpMethod = "POST"
            uri        = replace(aws_lambda_function.orders[function].invoke_arn, "/invocations", ":$${stageVariables.lambdaAlias}/invocations")
          }
        } if split(" ", route)[1] == path
      }
    }
  })
}

# No triggers: it is created once. The controller freezes each later definition in a deployment of its own.
resource "aws_api_gateway_deployment" "first" {
  rest_api_id = aws_api_gateway_rest_api.orders.id
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/apigw/orders-prod"
  retention_in_days = 30
}

resource "aws_api_gateway_stage" "prod" {
  rest_api_id   = aws_api_gateway_rest_api.orders.id
  stage_name    = "prod"
  deployment_id = aws_api_gateway_deployment.first.id
  variables     = { lambdaAlias = "live" }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = trimspace(file("${path.module}/access-log.json"))
  }

  lifecycle {
    ignore_changes = [deployment_id, canary_settings]
  }
  depends_on = [aws_lambda_permission.orders]
}

output "rest_api_id" {
  value = aws_api_gateway_rest_api.orders.id
}
