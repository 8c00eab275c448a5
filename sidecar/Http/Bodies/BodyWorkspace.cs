namespace WafOperator.Http.Bodies;

/// <summary>
/// Memory that body readers need while they read; kept with its request, so that reading allocates nothing.
/// </summary>
internal sealed class BodyWorkspace(HttpLimits limits)
{
    /// <summary>Bytes of one path of names (json.a.b); what goes beyond is cut.</summary>
    public const int PathBytesMax = 64 * 1024;

    private JsonFrame[] _frames = new JsonFrame[16];
    private XmlElement[] _elements = new XmlElement[16];
    private byte[] _path = new byte[512];

    /// <summary>Hashes of the keys of all open JSON objects.</summary>
    public Entries<uint> Keys { get; } = new();

    /// <summary>Texts of an XML body while they are collected.</summary>
    public ByteArena Content { get; } = new(Math.Max(4096, limits.BodyBytesMax), limits.RetainedBytesMax);

    /// <summary>Comments of an XML body, a line each.</summary>
    public ByteArena Comments { get; } = new(Math.Max(4096, limits.BodyBytesMax), limits.RetainedBytesMax);

    /// <summary>Processing instructions of an XML body, a line each.</summary>
    public ByteArena Instructions { get; } = new(Math.Max(4096, limits.BodyBytesMax), limits.RetainedBytesMax);

    /// <summary>Names in an XML body that are more than a word, a line each.</summary>
    public ByteArena Names { get; } = new(Math.Max(4096, limits.BodyBytesMax), limits.RetainedBytesMax);

    /// <summary>Bytes in use of <see cref="Path"/>.</summary>
    public int PathLength { get; private set; }

    /// <summary>Open JSON containers, outermost first.</summary>
    public Span<JsonFrame> Frames => _frames;

    /// <summary>Open XML elements, outermost first.</summary>
    public Span<XmlElement> Elements => _elements;

    /// <summary>The names that lead to the current value, joined by dots.</summary>
    public ReadOnlySpan<byte> Path => _path.AsSpan(0, PathLength);

    /// <summary>Makes room for a stack of that depth.</summary>
    public void EnsureDepth(int depth)
    {
        if (_frames.Length < depth) Array.Resize(ref _frames, depth * 2);
        if (_elements.Length < depth) Array.Resize(ref _elements, depth * 2);
    }

    /// <summary>Cuts the path back.</summary>
    public void TruncatePath(int length) => PathLength = length;

    /// <summary>Appends to the path; false when it had to be cut.</summary>
    public bool TryAppendPath(ReadOnlySpan<byte> name)
    {
        var room = PathBytesMax - PathLength;
        var taken = name.Length <= room ? name : name[..room];
        if (_path.Length - PathLength < taken.Length)
            Array.Resize(ref _path, Math.Min(PathBytesMax, Math.Max(_path.Length * 2, PathLength + taken.Length)));
        taken.CopyTo(_path.AsSpan(PathLength));
        PathLength += taken.Length;
        return taken.Length == name.Length;
    }

    /// <summary>Appends a number in decimal digits.</summary>
    public bool TryAppendPath(int number)
    {
        Span<byte> digits = stackalloc byte[11];
        number.TryFormat(digits, out var written);
        return TryAppendPath(digits[..written]);
    }

    /// <summary>Readies the workspace for the next body.</summary>
    public void Reset()
    {
        Keys.Clear();
        Content.Reset();
        Comments.Reset();
        Instructions.Reset();
        Names.Reset();
        PathLength = 0;
    }
}

/// <summary>An open JSON container.</summary>
internal struct JsonFrame
{
    public bool IsArray;
    public int Index;
    public int PathLength;
    public int KeysStart;
}

/// <summary>An open XML element.</summary>
internal struct XmlElement
{
    public Slice Name;
    public int PathLength;
}
