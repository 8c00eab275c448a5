using WafOperator.Console.Store;

namespace WafOperator.Console.Tests.Store;

/// <content>What people did, and the audit trail.</content>
public abstract partial class EventStoreContract
{
    /// <summary>What a person did and the line that says so are written together, whenever the call ends.</summary>
    [Fact]
    public async Task AChange_AndItsLine_AreThereBoth_OrNeither()
    {
        var sent = Enumerable.Range(0, 40).Select(_ => TestEvents.Attack()).ToArray();
        await Store.AddAsync(sent);
        for (var i = 0; i < sent.Length; i++)
        {
            using var gone = new CancellationTokenSource(TimeSpan.FromMicroseconds(i * 150));
            var label = new LabelEntry("shop", sent[i].Id, EventLabel.Attack, "ann", Now, null);
            await TryAsync(() => Store.LabelAsync(label, NoteOf("label", sent[i].Id), gone.Token));
            var rule = new StoredDocument("alert-rule", sent[i].Id, "{}");
            await TryAsync(() => Store.PutDocumentAsync(rule, NoteOf("rule", sent[i].Id), gone.Token));
        }

        // A text that cannot be hashed, or that the database refuses, takes its change with it.
        var last = new StoredDocument("alert-rule", "null", "{}");
        await Assert.ThrowsAnyAsync<Exception>(() =>
            Store.PutDocumentAsync(last, NoteOf("rule", null!), CancellationToken.None));

        var lines = await Store.ReadAuditAsync(0, 1_000, CancellationToken.None);
        var labelled = new List<string>();
        foreach (var e in sent)
        {
            if ((await Store.LabelsAsync("shop", e.Id, CancellationToken.None)).Count > 0) labelled.Add(e.Id);
        }

        Assert.Equal(labelled.Order(), lines.Where(l => l.Note.Action == "label").Select(l => l.Note.Subject).Order());
        Assert.Equal(
            (await Store.ListDocumentsAsync("alert-rule", CancellationToken.None)).Keys.Order(),
            lines.Where(l => l.Note.Action == "rule").Select(l => l.Note.Subject).Order());

        static AuditNote NoteOf(string action, string subject) => new(Now, "ann", action, subject, "");

        static async Task TryAsync(Func<Task> call)
        {
            try
            {
                await call();
            }
            catch (Exception failure) when (failure is OperationCanceledException or StoreException)
            {
                // The caller went away.
            }
        }
    }
}
