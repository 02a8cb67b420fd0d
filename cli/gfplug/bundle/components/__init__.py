"""What others made and a bundle holds: packages, native libraries, their versions and licences."""
