print("megaphone")
