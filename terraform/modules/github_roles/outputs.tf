output "arns" {
  description = "Job to the ARN of its role: plan, apply and check."
  value       = { for job, role in aws_iam_role.ci : job => role.arn }
}
