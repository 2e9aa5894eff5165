using System.Collections;

namespace RkLlama.Prompts.Jinja.Values;

/// <summary>A Python generator, such as the result of the filters <c>map</c> and <c>select</c>. It can be iterated only once.</summary>
internal sealed class GeneratorValue(IEnumerator<Value> items, RenderBudget budget) : Value
{
    public override string TypeName => "generator";

    public override IEnumerator<Value> Iterate() => new CountedEnumerator(items, budget);

    public override void WriteText(TextBuilder output) => output.Append("<generator object>");

    /// <summary>Counts each call of <see cref="MoveNext"/> as a level of nesting, because a generator that reads from another one recurses.</summary>
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
