namespace RkLlama.Output.Constraints;

/// <summary>A place in a value that is one of some known ones.</summary>
/// <param name="texts">The values that start with the text so far.</param>
/// <param name="length">The length of the text so far.</param>
internal sealed class LiteralFrame(IReadOnlyList<string> texts, int length, Frame parent) : Frame(parent)
{
    private bool IsComplete => texts.Any(text => text.Length == length);

    internal override bool CanEnd => IsComplete && Parent!.CanEnd;

    internal override bool IsTentative => texts.Count > 1;

    internal override IEnumerable<string> Openings => IsComplete ? Parent!.Openings : texts.Select(text => text[length..]);

    internal override void Step(char c, List<Frame> next)
    {
        List<string> longer = [.. texts.Where(text => text.Length > length && text[length] == c)];
        if (longer is [var only] && only.Length == length + 1)
            next.Add(Parent!);
        else if (longer.Count > 0)
            next.Add(new LiteralFrame(longer, length + 1, Parent!));
        if (IsComplete)
            Parent!.Step(c, next);
    }
}
