namespace WafOperator.Conformance;

/// <summary>One test of CRS's regression suite: requests in order, each with what is expected of it.</summary>
internal sealed record CrsTest(string Title, string File, IReadOnlyList<CrsStage> Stages)
{
    /// <summary>The rule the test is about: the number its title starts with.</summary>
    public string RuleId => Title.Split('-')[0];
}

/// <summary>One request and its expectation.</summary>
internal sealed record CrsStage(CrsInput Input, CrsOutput Output);

/// <summary>A request as the suite's own runner (FTW) understands it.</summary>
internal sealed record CrsInput
{
    public string Method { get; init; } = "GET";

    public string Uri { get; init; } = "/";

    public string Version { get; init; } = "HTTP/1.1";

    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    public string Data { get; init; } = "";

    /// <summary>Whether the request is sent as written, without completed headers.</summary>
    public bool StopMagic { get; init; }

    /// <summary>The whole request, where it is given as bytes.</summary>
    public byte[]? Raw { get; init; }

    /// <summary>What the application answers, where the test says so.</summary>
    public CrsResponse? Response { get; init; }
}

/// <summary>An application's answer.</summary>
internal sealed record CrsResponse
{
    public int Status { get; init; } = 200;

    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [("Content-Type", "text/html")];

    public byte[] Body { get; init; } = "<html></html>"u8.ToArray();
}

/// <summary>
/// What is expected: rules in the log, patterns over it, a status, or that the server refuses to read the request.
/// </summary>
internal sealed record CrsOutput
{
    public string? LogContains { get; init; }

    public string? NoLogContains { get; init; }

    public IReadOnlyList<int> Status { get; init; } = [];

    public bool ExpectError { get; init; }

    /// <summary>Rules that must be in the log; no others where <see cref="Isolated"/> is set.</summary>
    public IReadOnlyList<string> ExpectIds { get; init; } = [];

    public IReadOnlyList<string> NoExpectIds { get; init; } = [];

    public bool Isolated { get; init; }

    public string? ResponseContains { get; init; }
}
