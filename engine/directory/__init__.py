"""Who a tenant is: numbers, people, groups, schedules, phone book, prompts."""
