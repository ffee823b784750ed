"""`sonar-sign serve`: a page and an API that translate videos.

The server (`server`, `api`) imports no models. It streams an upload to a file without a name,
has it looked at by a process of its own (`inspector`), puts a job into a bounded queue (`jobs`) and
gives it to a worker process (`worker`), which has the models. `child` starts, limits and ends these
processes. `access` says who may ask for what.
"""
