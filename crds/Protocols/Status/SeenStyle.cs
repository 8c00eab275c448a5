namespace WafOperator.Protocols.Status;

/// <summary>
/// A form that parameters of query, form and multipart body have: the value of a <see cref="SeenValue"/> of kind
/// <see cref="SeenKind.ParameterStyle"/> is the name of one.
/// </summary>
public enum SeenStyle
{
    /// <summary>A name that comes more than once: <c>a=1&amp;a=2</c>.</summary>
    Repeated,

    /// <summary>A name that ends in empty brackets: <c>a[]=1</c>.</summary>
    List,

    /// <summary>A name with something in brackets: <c>a[b]=1</c>.</summary>
    Map,

    /// <summary>A name with dots between its words: <c>a.b=1</c>.</summary>
    Dotted,

    /// <summary>A name that begins with a dollar sign, as those of OData: <c>$filter=1</c>.</summary>
    Dollar,

    /// <summary>An object or a list of JSON as a value: <c>a={"b":1}</c>.</summary>
    Json,
}
