using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja;

/// <summary>
/// Counts the resources of one rendering, or of several renderings of the same conversation together, and enforces <see cref="RenderLimits"/>. Used by one
/// thread: the one that renders.
/// </summary>
internal sealed class RenderBudget(RenderLimits limits, CpuBudget cpu)
{
    // The number of characters that are read or written between two checks of the processor time and of cancellation.
    private const int CharactersPerCheck = 64 * 1024;

    // A step and an item of a list take about as long as this number of characters.
    private const int CharactersPerStep = 16;

    private long _unchecked;
    private long _steps;
    private long _characters;
    private long _items;
    private int _depth;

    public RenderLimits Limits => limits;

    /// <summary>Starts the next rendering on the same budget. Everything that was counted stays counted; only the nesting starts again.</summary>
    /// <returns>Whether processor time is left.</returns>
    /// <exception cref="OperationCanceledException">The rendering was cancelled.</exception>
    public bool Restart()
    {
        _depth = 0;
        return !cpu.IsExceeded();
    }

    /// <summary>Counts one operation.</summary>
    /// <exception cref="TemplateException">The rendering exceeds the limit of steps or of processor time.</exception>
    /// <exception cref="OperationCanceledException">The rendering was cancelled.</exception>
    public void Step() => Step(1);

    /// <summary>Counts several operations at once, such as all comparisons of items when two lists are compared.</summary>
    /// <inheritdoc cref="Step()"/>
    public void Step(long count)
    {
        _steps += count;
        if (_steps > limits.MaxSteps)
            throw TemplateException.Exceeded("the chat template takes too many steps");
        Read(count * CharactersPerStep);
    }

    /// <summary>Counts characters that an operation reads, in UTF-16 units. They have no limit of their own, only that of the processor time.</summary>
    /// <exception cref="TemplateException">The rendering exceeds the limit of processor time.</exception>
    /// <exception cref="OperationCanceledException">The rendering was cancelled.</exception>
    public void Read(long characters)
    {
        _unchecked += characters;
        if (_unchecked < CharactersPerCheck)
            return;
        _unchecked = 0;
        if (cpu.IsExceeded())
            throw TemplateException.Exceeded("the chat template takes too long");
    }

    /// <summary>Counts the characters of a value that an operation reads, if it is a string.</summary>
    /// <inheritdoc cref="Read(long)"/>
    public void Read(Value value)
    {
        if (value is StringValue text)
            Read(text.Text.Length);
    }

    /// <summary>Counts list items before they are created.</summary>
    /// <exception cref="TemplateException">The rendering exceeds the limit of list items or of processor time.</exception>
    public void AddItems(long count)
    {
        _items += count;
        if (_items > limits.MaxItems)
            throw TemplateException.Exceeded("the chat template creates too many list items");
        Read(count * CharactersPerStep);
    }

    /// <summary>Counts characters, in UTF-16 units, before they are written.</summary>
    /// <exception cref="TemplateException">The rendering exceeds a limit of text or of processor time.</exception>
    public void AddCharacters(long count)
    {
        _characters += count;
        if (count > limits.MaxTextLength || _characters > limits.MaxCharacters)
            throw TemplateException.Exceeded("the chat template writes too much text");
        Read(count);
    }

    /// <summary>
    /// Counts the start of a level of nesting; <see cref="Leave"/> counts its end. Called before the renderer recurses. After an exception,
    /// <see cref="Leave"/> need not be called, because an exception ends the rendering.
    /// </summary>
    /// <exception cref="TemplateException">The rendering nests deeper than <see cref="RenderLimits.MaxDepth"/>.</exception>
    public void Enter()
    {
        if (++_depth > limits.MaxDepth)
            throw TemplateException.Exceeded("the chat template nests too deeply");
    }

    public void Leave() => _depth--;
}
