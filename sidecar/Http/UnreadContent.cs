namespace WafOperator.Http;

/// <summary>
/// What of a body no reader showed in parts. Its beginning is offered to inspection all the same; the rest passed
/// unseen, which an event has to say. See <see cref="CanonicalRequest.Unread"/>.
/// </summary>
[Flags]
public enum UnreadContent
{
    /// <summary>Everything was shown.</summary>
    None = 0,

    /// <summary>A body that is no text and whose media type no reader knows (images, protobuf, archives).</summary>
    ContentType = 1 << 0,

    /// <summary>Content of uploaded files, but for those that are one short line and shown as a value too.</summary>
    FileContent = 1 << 1,

    /// <summary>
    /// A content coding that is not undone (snappy, aws-chunked), or a charset or transfer coding that nobody knows:
    /// shown as sent.
    /// </summary>
    Coding = 1 << 2,

    /// <summary>
    /// A body that is text without a structure any reader knows (scripts, YAML, Markdown), or that only a more lenient
    /// reader than ours takes to its end.
    /// </summary>
    Text = 1 << 3,
}
