using System.Collections;

namespace RkLlama.Prompts.Jinja.Values;

/// <summary>An iterator that returns each item once, such as the result of <c>map</c> or <c>select</c>.</summary>
internal sealed class GeneratorValue(IEnumerator<Value> items, RenderBudget budget) : Value
{
    public override string TypeName => "generator";

    public override IEnumerator<Value> Iterate() => new CountedEnumerator(items, budget);

    public override void WriteText(TextBuilder output) => output.Append("<generator object>");

    /// <summary>Counts each step as a level of nesting, because a generator that reads from another generator recurses.</summary>
    private sealed class CountedEnumerator(IEnumerator<Value> items, RenderBudget budget) : IEnumerator<Value>
    {
        public Value Current => items.Current;

        object IEnumerator.Current => Current;

        public bool MoveNext()
        {
            budget.Enter();
            bool hasNext = items.MoveNext();
            budget.Leave();
            return hasNext;
        }

        public void Reset() => throw new NotSupportedException();

        public void Dispose() => items.Dispose();
    }
}
