"""What visitors do, as the tracker's event files tell it: views, searches, contacts, and the sessions they make up."""
