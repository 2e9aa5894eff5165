using System.Text.Json;
using RkLlama.Output.Text;

namespace RkLlama.Output.Constraints;

/// <summary>A place in an object, outside of the values of its members.</summary>
internal sealed class ObjectFrame : Frame
{
    private const int MaxNameLength = 256;

    private readonly bool[] _used;
    private readonly int _count;
    private readonly int _space;
    private readonly Phase _phase;

    // The name so far, as it is written.
    private readonly string _name;

    // See EscapeAfter.
    private readonly int _escape;

    internal ObjectFrame(ObjectNode node, Frame parent)
        : this(node, parent, new bool[node.Members.Count], 0, Phase.Open)
    {
    }

    private ObjectFrame(ObjectNode node, Frame parent, bool[] used, int count, Phase phase, int space = 0, string name = "", int escape = 0)
        : base(parent) => (Node, _used, _count, _phase, _space, _name, _escape) = (node, used, count, phase, space, name, escape);

    private enum Phase
    {
        Open,
        AfterComma,
        InName,
        AfterName,
        AfterValue,
    }

    internal ObjectNode Node { get; }

    /// <summary>Whether a colon must come next.</summary>
    internal bool ExpectsColon => _phase == Phase.AfterName;

    /// <summary>Whether the object has no members so far.</summary>
    internal bool IsOpen => _phase == Phase.Open;

    internal override bool IsTentative => _phase is Phase.AfterComma or Phase.InName;

    internal bool CanClose => _count >= Node.Min && !Node.Members.Where((member, index) => member.IsRequired && !_used[index]).Any();

    internal override IEnumerable<string> Openings
    {
        get
        {
            if (_phase == Phase.AfterName)
                return [":"];
            string comma = _phase == Phase.AfterValue ? "," : "";
            IEnumerable<string> required = Unused.Where(static member => member.IsRequired).Select(member => $"{comma}\"{member.Written}\":");
            return CanClose ? ["}"] : [.. required, .. Unused.Select(member => $"{comma}\"{member.Written}\":"), comma + "\""];
        }
    }

    /// <summary>The text of the next member's name with its colon, if no other text can come; <see langword="null"/> if the model has a choice.</summary>
    internal string? OnlyName
    {
        get
        {
            if (_phase != Phase.Open || Node.Members.Count == 0)
                return null;
            MemberNode first = Node.Members[0];
            return first.IsRequired ? $"\"{first.Written}\":" : null;
        }
    }

    /// <summary>The members that the object does not have yet.</summary>
    internal IEnumerable<MemberNode> Unused => Node.Members.Where((_, index) => !_used[index]);

    internal override void Step(char c, List<Frame> next)
    {
        switch (_phase)
        {
            case Phase.InName:
                StepName(c, next);
                break;
            case not Phase.InName when AllowsSpace(c, _space):
                next.Add(With(_phase, _space + 1));
                break;
            case Phase.Open or Phase.AfterComma when c == '"' && _count < Node.Max:
                next.Add(With(Phase.InName));
                break;
            case Phase.Open or Phase.AfterValue when c == '}' && CanClose:
                next.Add(Parent!);
                break;
            case Phase.AfterValue when c == ',' && _count < Node.Max && (Node.Rest is not null || Unused.Any()):
                next.Add(With(Phase.AfterComma));
                break;
            case Phase.AfterName when c == ':':
                StartValue(next);
                break;
        }
    }

    private void StepName(char c, List<Frame> next)
    {
        if (c == '"' && _escape == 0)
        {
            if (Canonical(_name) is not { } whole)
                return;
            int index = Node.Find(whole);
            if (index >= 0 ? !_used[index] : Node.Rest is not null)
                next.Add(new ObjectFrame(Node, Parent!, _used, _count, Phase.AfterName, 0, whole));
            return;
        }

        if (c < ' ' || _name.Length == MaxNameLength || EscapeAfter(_escape, c) is not { } escape)
            return;
        string name = _name + c;
        if (Node.Rest is null && escape == 0 && Canonical(name) is { } begun && !Unused.Any(member => member.Written.StartsWith(begun, StringComparison.Ordinal)))
            return;
        next.Add(new ObjectFrame(Node, Parent!, _used, _count, Phase.InName, 0, name, escape));
    }

    /// <summary>
    /// Returns a name as <see cref="MemberNode.Written"/> has it: with as few escapes as possible. <see langword="null"/> if it has half of a surrogate pair, which is not
    /// valid Unicode.
    /// </summary>
    private static string? Canonical(string name)
    {
        if (!name.Contains('\\', StringComparison.Ordinal))
            return name;
        try
        {
            return JsonText.Quote(JsonElement.Parse($"\"{name}\"").GetString()!)[1..^1];
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private void StartValue(List<Frame> next)
    {
        int index = Node.Find(_name);
        bool[] used = _used;
        if (index >= 0)
        {
            used = [.. _used];
            used[index] = true;
        }

        next.Add(new ValueFrame(index >= 0 ? Node.Members[index].Value.Value : Node.Rest!.Value, new ObjectFrame(Node, Parent!, used, _count + 1, Phase.AfterValue)));
    }

    private ObjectFrame With(Phase phase, int space = 0) => new(Node, Parent!, _used, _count, phase, space, phase == Phase.AfterName ? _name : "");
}
