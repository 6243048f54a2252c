"""Olist, a Brazilian marketplace: orders of 2016 to 2018 with customers, sellers, products, payments and reviews."""
