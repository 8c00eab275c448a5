namespace WafOperator.Http;

/// <summary>One header line in wire order.</summary>
/// <param name="Name">Name as sent.</param>
/// <param name="LowerName">Name in lower case.</param>
/// <param name="Value">Value without surrounding white space.</param>
/// <param name="NameHash">Case-insensitive hash of the name, see <see cref="Http.NameHash"/>.</param>
public readonly record struct Header(Slice Name, Slice LowerName, Slice Value, uint NameHash);

/// <summary>One cookie, not decoded, as ModSecurity 3 offers it.</summary>
public readonly record struct Cookie(Slice Name, Slice Value, uint NameHash);

/// <summary>Where an argument came from.</summary>
public enum ArgumentSource : byte
{
    /// <summary>The query string.</summary>
    Query,

    /// <summary>An urlencoded body.</summary>
    Form,

    /// <summary>A multipart field.</summary>
    Multipart,

    /// <summary>A JSON scalar; the name is its path (json.a.array_0).</summary>
    Json,

    /// <summary>A literal or variable of a GraphQL document.</summary>
    GraphQl,
}

/// <summary>One decoded argument. Query arguments come before body arguments.</summary>
/// <param name="Name">Decoded name.</param>
/// <param name="Value">Decoded value.</param>
/// <param name="RawName">Name as sent (equal to Name where there is nothing to decode).</param>
/// <param name="RawValue">Value as sent.</param>
/// <param name="NameHash">Case-insensitive hash of the decoded name.</param>
/// <param name="Source">Where it came from.</param>
public readonly record struct Argument(
    Slice Name, Slice Value, Slice RawName, Slice RawValue, uint NameHash, ArgumentSource Source)
{
    /// <summary>True for what ARGS_GET holds; the others are in ARGS_POST.</summary>
    public bool IsQuery => Source == ArgumentSource.Query;
}

/// <summary>One uploaded file of a multipart body.</summary>
/// <param name="FieldName">The form field (FILES_NAMES).</param>
/// <param name="FileName">The name the client gave it (FILES).</param>
/// <param name="ContentType">Declared type, empty when absent.</param>
/// <param name="Content">The bytes offered to inspection, at most FileBytesMax.</param>
/// <param name="Size">All bytes of the file (FILES_SIZES).</param>
public readonly record struct UploadedFile(
    Slice FieldName, Slice FileName, Slice ContentType, Slice Content, int Size);

/// <summary>One header line of a multipart part (MULTIPART_PART_HEADERS).</summary>
/// <param name="PartName">Name of the part's field.</param>
/// <param name="Line">The whole line, unfolded, without its end.</param>
public readonly record struct PartHeader(Slice PartName, Slice Line);

/// <summary>A text or attribute of an XML body.</summary>
/// <param name="Path">Where it is: xml.root.child, attributes as xml.root.child.@name.</param>
/// <param name="Value">Text with entities and CDATA resolved.</param>
public readonly record struct XmlValue(Slice Path, Slice Value);

/// <summary>What reading a request took.</summary>
/// <param name="Bytes">Bytes taken in and bytes written while decoding.</param>
/// <param name="Items">Headers, cookies, arguments, files and texts found.</param>
public readonly record struct ReadWork(long Bytes, long Items);

/// <summary>Why a reader stopped before the end of a body.</summary>
/// <param name="Reason">A short sentence without content of the request.</param>
/// <param name="Offset">Where, in bytes of the decoded body.</param>
public readonly record struct ReadProblem(string Reason, int Offset);

/// <summary>How the body is to be read, by its content type.</summary>
public enum BodyFormat : byte
{
    /// <summary>No body, or nothing declared.</summary>
    None,

    /// <summary>application/x-www-form-urlencoded.</summary>
    UrlEncoded,

    /// <summary>multipart/form-data.</summary>
    Multipart,

    /// <summary>application/json and types ending in +json.</summary>
    Json,

    /// <summary>application/xml, text/xml and types ending in +xml.</summary>
    Xml,

    /// <summary>application/graphql.</summary>
    GraphQl,

    /// <summary>Anything else.</summary>
    Plain,
}

/// <summary>What became of reading the body. Everything but None also sets REQBODY_ERROR.</summary>
public enum BodyError : byte
{
    /// <summary>Read to its end.</summary>
    None,

    /// <summary>The multipart reader stopped at an error; parts before it are kept.</summary>
    Multipart,

    /// <summary>The JSON reader met text that is not JSON; values before it are kept.</summary>
    Json,

    /// <summary>The XML reader met a document that is not well formed.</summary>
    Xml,

    /// <summary>The GraphQL reader met a document that does not parse.</summary>
    GraphQl,

    /// <summary>The compressed body could not be decompressed within the limits.</summary>
    Compression,

    /// <summary>The request's memory was used up.</summary>
    Memory,
}
