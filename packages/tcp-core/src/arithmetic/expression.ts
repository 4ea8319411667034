/**
 * Tokens to a value. mathjs builds the tree, because precedence and associativity are what it is
 * good at; it never evaluates. This walks the tree, knows three kinds of node and refuses the rest.
 */

import type { ConstantNode, MathNode, OperatorNode, ParenthesisNode } from 'mathjs';
import { create, parseDependencies } from 'mathjs/number';
import { ExpressionError } from './expression-error.ts';
import type { Work } from './limits.ts';
import {
  type Value,
  add,
  divide,
  floorDivide,
  modulo,
  multiply,
  negate,
  subtract,
} from './operators.ts';
import { power } from './power.ts';
import { type Operand, type Operator, type Sign, type Tokens, standIn } from './tokens.ts';

const { parse } = create({ ...parseDependencies });

/**
 * The trees of common forms, such as `1+1`, by their skeleton: parsing is most of the work of a small
 * calculation, and ten times slower while a thread is young.
 */
const trees = new Map<string, MathNode>();
const maxTrees = 64;
const maxKeptSkeleton = 32;

function treeOf(skeleton: string): MathNode {
  const known = trees.get(skeleton);
  if (known !== undefined) return known;
  const tree = parse(skeleton);
  if (trees.size === maxTrees) trees.clear();
  if (skeleton.length <= maxKeptSkeleton) trees.set(skeleton, tree);
  return tree;
}

export interface Result {
  value: Value;
  /** The operator that was applied last, as a 1-based character; 1 if there is none. */
  at: number;
}

/** The value of an expression. Throws ExpressionError with the position of the operator at fault. */
export function evaluate(tokens: Tokens, work: Work): Result {
  return new Walk(tokens, work).run();
}

/**
 * A walk in the order of the text: left side, operator, right side. So it meets the numbers and
 * operators in the order of the token list, which has what the skeleton left out.
 */
class Walk {
  readonly #tokens: Tokens;
  readonly #work: Work;
  #next = 0;
  /** The operator that is being applied. */
  #at = 1;

  constructor(tokens: Tokens, work: Work) {
    this.#tokens = tokens;
    this.#work = work;
  }

  run(): Result {
    try {
      const value = this.#valueOf(treeOf(this.#tokens.skeleton));
      return { value, at: this.#at };
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      throw new ExpressionError(error.message, error.at ?? this.#at);
    }
  }

  #valueOf(root: MathNode): Value {
    // 1+2+3+… leans to the left, thousands of nodes deep: that side takes a loop.
    const waiting: OperatorNode[] = [];
    let node = root;
    while (isBinary(node)) {
      waiting.push(node);
      node = argument(node, 0);
    }
    let value = this.#unaryValueOf(node);
    for (let binary = waiting.pop(); binary !== undefined; binary = waiting.pop()) {
      const { at, sign } = this.#operator(binary);
      const operand = this.#valueOf(argument(binary, 1));
      this.#at = at;
      value = apply(sign, value, operand, this.#work);
    }
    return value;
  }

  #unaryValueOf(node: MathNode): Value {
    if (isConstant(node)) return this.#operand().value;
    if (isParentheses(node)) return this.#valueOf(node.content);
    if (isUnary(node)) {
      const { sign } = this.#operator(node);
      const value = this.#valueOf(argument(node, 0));
      return sign === '-' ? negate(value) : value;
    }
    throw new TypeError('a kind of node that is not arithmetic');
  }

  #operand(): Operand {
    const token = this.#tokens.list[this.#next++];
    if (token === undefined || !('value' in token)) throw new TypeError('a number was expected');
    return token;
  }

  #operator(node: OperatorNode): Operator {
    const token = this.#tokens.list[this.#next++];
    if (token === undefined || !('sign' in token) || standIn(token.sign) !== node.op) {
      throw new TypeError('another operator was expected');
    }
    return token;
  }
}

function isConstant(node: MathNode): node is ConstantNode {
  return 'isConstantNode' in node;
}

function isParentheses(node: MathNode): node is ParenthesisNode {
  return 'isParenthesisNode' in node;
}

function isUnary(node: MathNode): node is OperatorNode {
  return isExplicitOperator(node) && node.args.length === 1;
}

function isBinary(node: MathNode): node is OperatorNode {
  return isExplicitOperator(node) && node.args.length === 2;
}

function isExplicitOperator(node: MathNode): node is OperatorNode {
  return 'isOperatorNode' in node && !(node as OperatorNode).implicit;
}

function argument(node: OperatorNode, index: number): MathNode {
  const child = node.args[index];
  if (child === undefined) throw new TypeError('an operator without its operands');
  return child;
}

function apply(sign: Sign, a: Value, b: Value, work: Work): Value {
  switch (sign) {
    case '+':
      return add(a, b, work);
    case '-':
      return subtract(a, b, work);
    case '*':
      return multiply(a, b, work);
    case '/':
      return divide(a, b, work);
    case '//':
      return floorDivide(a, b, work);
    case '%':
      return modulo(a, b, work);
    case '^':
      return power(a, b, work);
  }
}
