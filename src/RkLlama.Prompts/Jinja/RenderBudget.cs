namespace RkLlama.Prompts.Jinja;

/// <summary>
/// Counts the resources that one rendering uses and enforces <see cref="RenderLimits"/>. Used by one thread: the one that renders.
/// </summary>
internal sealed class RenderBudget(RenderLimits limits, CpuBudget cpu)
{
    // The number of steps between two checks of the processor time and of cancellation.
    private const int StepsPerCheck = 4096;

    private long _steps;
    private long _characters;
    private long _items;
    private int _depth;

    public RenderLimits Limits => limits;

    /// <summary>Counts one operation.</summary>
    /// <exception cref="TemplateException">The rendering exceeds the limit of steps or of processor time.</exception>
    /// <exception cref="OperationCanceledException">The rendering was cancelled.</exception>
    public void Step() => Step(1);

    /// <summary>Counts several operations at once, such as all comparisons of items when two lists are compared.</summary>
    /// <inheritdoc cref="Step()"/>
    public void Step(long count)
    {
        long before = _steps;
        _steps += count;
        if (_steps > limits.MaxSteps)
            throw new TemplateException("the chat template takes too many steps");
        if (before / StepsPerCheck != _steps / StepsPerCheck)
            CheckTime();
    }

    /// <summary>Counts list items before they are created.</summary>
    /// <exception cref="TemplateException">The rendering exceeds the limit of list items.</exception>
    public void AddItems(long count)
    {
        _items += count;
        if (_items > limits.MaxItems)
            throw new TemplateException("the chat template creates too many list items");
    }

    /// <summary>Counts characters, in UTF-16 units, before they are written.</summary>
    /// <exception cref="TemplateException">The rendering exceeds a limit of text or of processor time.</exception>
    public void AddCharacters(long count)
    {
        _characters += count;
        if (count > limits.MaxTextLength || _characters > limits.MaxCharacters)
            throw new TemplateException("the chat template writes too much text");
        if (count > StepsPerCheck)
            CheckTime();
    }

    /// <summary>
    /// Counts the start of a level of nesting; <see cref="Leave"/> counts its end. Called before the renderer recurses. After an exception,
    /// <see cref="Leave"/> need not be called, because an exception ends the rendering.
    /// </summary>
    /// <exception cref="TemplateException">The rendering nests deeper than <see cref="RenderLimits.MaxDepth"/>.</exception>
    public void Enter()
    {
        if (++_depth > limits.MaxDepth)
            throw new TemplateException("the chat template nests too deeply");
    }

    public void Leave() => _depth--;

    private void CheckTime()
    {
        if (cpu.IsExceeded())
            throw new TemplateException("the chat template takes too long");
    }
}
