using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using WafOperator.Console.Store;

namespace WafOperator.Console.Access;

/// <summary>
/// Keys that seal session cookies, in the store, so that every replica opens what another one sealed. Who reads the
/// store
/// reads all events anyway.
/// </summary>
internal sealed class StoredKeys(IEventStore store) : IXmlRepository
{
    private const string Kind = "session-key";

    // The interface is synchronous; it is called when keys are read (once a day) and made (every three months).
    public IReadOnlyCollection<XElement> GetAllElements() =>
    [
        .. Task.Run(() => store.ListDocumentsAsync(Kind, CancellationToken.None)).GetAwaiter().GetResult()
            .Values.Select(static xml => XElement.Parse(xml)),
    ];

    public void StoreElement(XElement element, string friendlyName) => Task.Run(() => store.PutDocumentAsync(
        Kind, friendlyName, element.ToString(SaveOptions.DisableFormatting), CancellationToken.None)).GetAwaiter()
            .GetResult();
}
