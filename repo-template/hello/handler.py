class Handler:
    def run(self, req):
        return {"hello": req.args.get("name", "world")}
