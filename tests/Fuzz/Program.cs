using WafOperator.Fuzz.Detectors;

if (args is ["detectors", var folder, .. var options])
{
    var peer = Option(options, "--peer") is { } library ? new PeerDetector(library) : null;
    var count = Option(options, "--count") is { } text ? int.Parse(text) : 40;
    new DetectorMeasurement(folder, peer, Option(options, "--show"), count).Run();
    return 0;
}

Console.Error.WriteLine("usage: detectors FOLDER [--peer LIBRARY] [--show sqli|xss] [--count N]");
return 2;

static string? Option(string[] options, string name)
{
    var index = Array.IndexOf(options, name);
    return index >= 0 && index + 1 < options.Length ? options[index + 1] : null;
}
