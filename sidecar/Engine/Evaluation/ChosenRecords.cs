using WafOperator.Engine.Values;
using WafOperator.Engine.Variables;

namespace WafOperator.Engine.Evaluation;

/// <summary>
/// The records of persistent collections that <c>initcol</c>, <c>setsid</c> and their like chose for this transaction.
/// </summary>
internal sealed class ChosenRecords(Workspace work)
{
    private Keys _keys;

    /// <summary>Text of SESSIONID; empty before <c>setsid</c>.</summary>
    public Text SessionId { get; set; }

    /// <summary>Text of USERID; empty before <c>setuid</c>.</summary>
    public Text UserId { get; set; }

    public void Choose(VariableId collection, Text key)
    {
        switch (collection)
        {
            case VariableId.Ip:
                _keys.Ip = key;
                break;
            case VariableId.Global:
                _keys.Global = key;
                break;
            case VariableId.Session:
                _keys.Session = key;
                break;
            case VariableId.Resource:
                _keys.Resource = key;
                break;
            case VariableId.User:
                _keys.User = key;
                break;
        }
    }

    /// <summary>
    /// The record of a persistent collection, or null where none was chosen (or, unless asked to be made, none exists).
    /// </summary>
    public CollectionRecord? Find(VariableId collection, bool create)
    {
        var key = collection switch
        {
            VariableId.Ip => _keys.Ip,
            VariableId.Global => _keys.Global,
            VariableId.Session => _keys.Session,
            VariableId.Resource => _keys.Resource,
            _ => _keys.User,
        };
        if (key.IsEmpty)
        {
            return null;
        }

        var collections = work.Program.Collections;
        return create
            ? collections.FindOrAdd(work.Memory[key], work.Parts.Settings.CollectionTimeout)
            : collections.Find(work.Memory[key]);
    }

    public void Reset()
    {
        _keys = default;
        SessionId = UserId = Text.Empty;
    }

    /// <summary>Empty ones are not chosen.</summary>
    private struct Keys
    {
        public Text Ip;
        public Text Global;
        public Text Session;
        public Text Resource;
        public Text User;
    }
}
