using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Operations;

/// <summary>
/// Python's <c>sorted</c>: equal items keep their order, also if the order is reversed. This project has its own merge sort, because the sort methods of .NET
/// wrap exceptions that a comparison throws.
/// </summary>
internal static class StableSort
{
    public static T[] Sort<T>(T[] items, Func<T, Value> key, bool reverse, RenderBudget budget)
    {
        T[] from = [.. items], to = new T[items.Length];
        for (int width = 1; width < items.Length; width *= 2)
        {
            for (int start = 0; start < items.Length; start += 2 * width)
                Merge(from, to, start, Math.Min(start + width, items.Length), Math.Min(start + (2 * width), items.Length), IsBefore);
            (from, to) = (to, from);
        }
        return from;

        bool IsBefore(T later, T earlier)
        {
            budget.Step();
            int sign = PythonOperators.Compare(key(later), key(earlier), "<", budget) ?? 0;
            return reverse ? sign > 0 : sign < 0;
        }
    }

    private static void Merge<T>(T[] from, T[] to, int start, int middle, int end, Func<T, T, bool> isBefore)
    {
        int left = start, right = middle;
        for (int at = start; at < end; at++)
        {
            bool takeRight = left == middle || (right < end && isBefore(from[right], from[left]));
            to[at] = takeRight ? from[right++] : from[left++];
        }
    }
}
