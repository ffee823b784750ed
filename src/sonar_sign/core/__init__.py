"""What every stage needs: errors, files, tables, options, devices, video."""
