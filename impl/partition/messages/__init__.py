"""What a partition is asked, and answers: `requests` of clients, `readers` of its log, an admin's `split`."""
