Console.Error.WriteLine(
    "Built without the gRPC conformance suite. Set INSTA_TOOLS to the folder that holds conformance/proto and build again.");
return 2;
