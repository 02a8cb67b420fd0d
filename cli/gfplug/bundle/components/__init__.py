"""Third-party components of a bundle: packages, native libraries, their versions and licences."""
