/** Every sentence that the portal says, so that it can be read, and translated, in one place. */

const seconds = (n: number): string =>
  n < 90
    ? `${n} seconds`
    : n < 5400
      ? `${Math.round(n / 60)} minutes`
      : `${Math.round(n / 3600)} hours`

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`

export const m = {
  // What goes wrong
  unreachable: 'The portal cannot be reached. Check your connection and try again.',
  unavailable: 'The service is unavailable for a moment. Try again soon.',
  unexpected: 'Something went wrong here. Load the page again.',
  tooMany: (after: number | null): string =>
    after ? `Too many tries. Try again in ${seconds(after)}.` : 'Too many tries. Try again later.',
  offline: 'You are offline. What you see may be old, and nothing can be sent.',
  online: 'You are online again.',
  retry: 'Try again',
  loading: 'Loading',
  notFoundTitle: 'There is nothing here',
  notFound: 'The address is wrong, or what was here is gone.',
  toDashboard: 'Go to the dashboard',
  support: 'Questions about a bill?',

  // Around every page
  skip: 'Skip to content',
  menu: 'Menu',
  dashboard: 'Dashboard',
  billing: 'Billing',
  cards: 'Credit cards',
  invoices: 'Invoices',
  payments: 'Payments',
  account: 'Account',
  logOut: 'Log out',
  close: 'Close',
  cancel: 'Cancel',
  confirm: 'Confirm',
  saved: 'Saved.',
  copy: (what: string): string => `Copy ${what}`,
  copied: 'Copied.',
  print: 'Print',

  // Log-in
  logInTitle: 'Log in',
  email: 'E-mail address',
  password: 'Password',
  logIn: 'Log in',
  expired: 'Your session has ended. Log in again to go on where you were.',
  resetLink: 'Reset Password',
  newPasswordTitle: 'Choose a new password',
  newPasswordWhy: 'Your password was a temporary one. Choose one that only you know.',
  newPassword: 'New password',
  passwordHint: 'At least 12 characters, with upper and lower case, a number and a symbol.',
  setPassword: 'Set password',
  totpTitle: 'Enter your code',
  totpWhy: 'Open your authenticator app and type the six digits it shows.',
  code: 'Code',
  continue: 'Continue',
  startOver: 'Start over',
  resetTitle: 'Reset Password',
  resetWhy: 'Type your e-mail address and we send you a code.',
  sendCode: 'Send code',
  resetSent: (email: string): string =>
    `If there is an account for ${email}, a code is on its way. It may take a minute.`,
  resetCode: 'Code from the e-mail',
  sendAgain: 'Send another code',
  resetDone: 'Your password is changed. Log in with the new one.',
  backToLogIn: 'Back to log-in',

  // Dashboard
  hello: (name: string): string => `Hello, ${name}`,
  amountDue: 'Amount Due',
  nothingDue: 'Nothing is due.',
  openInvoices: (n: number): string => count(n, 'open invoice', 'open invoices'),
  overdueInvoices: (n: number): string => `${n} overdue`,
  seeInvoices: 'See the invoices',
  nextAutopay: 'Next automatic payment',
  nextAutopayOn: (amount: string, date: string, card: string): string =>
    `${amount} on ${date}, with ${card}`,
  autopayOff: 'Automatic payment is off.',
  autopayWaits: {
    no_card: 'Automatic payment is on, but there is no card to charge.',
    card_expired: 'Automatic payment waits: your primary card has expired. Choose another card.',
    card_refused:
      'Automatic payment waits: your bank does not accept payments with your primary card any more. Choose another card.',
    needs_confirmation:
      'Automatic payment waits: your bank wants you to confirm a payment. Pay it yourself once.',
    given_up:
      'Automatic payment could not charge what is due. Pay it yourself, or choose another card.',
    autopay_off: 'Automatic payment is off.',
  },
  autopayNothing: 'Automatic payment is on. Nothing is due to be charged.',
  autopaySettings: 'Change automatic payment',
  primaryCard: 'Primary card',
  noCard: 'You have no card yet.',
  needsYouTitle: 'Needs your confirmation',
  needsYou: (number: string): string =>
    `Your bank wants you to confirm the payment of invoice ${number}.`,

  // Cards
  cardName: (brand: string, last4: string): string => `${brand} ending in ${last4}`,
  expires: (when: string): string => `Expires ${when}`,
  primary: 'Primary',
  expiresSoon: 'Expires soon',
  cardExpired: 'Expired',
  cardRefused: 'Refused by your bank',
  addCard: 'Add Card',
  newCard: 'New Credit Card',
  noCards: 'No credit card yet',
  noCardsWhy: 'Add one to pay your invoices in a moment, by hand or automatically.',
  notEditable:
    'A card cannot be edited, only its nickname. To change anything else, add a new card and delete the old one.',
  cardNumber: 'Credit Card Number',
  cardExpiry: 'Expiration Date',
  cvv: 'CVV',
  nickname: 'Nickname',
  optional: '(optional)',
  nicknameHint: 'Only you see it, for example “Office”.',
  add: 'Add',
  adding: 'Adding the card. Your bank may ask you to confirm it.',
  cardAdded: (card: string): string => `${card} was added.`,
  cardSafe: 'Your card details go to Stripe, never to us.',
  makePrimary: 'Make Primary',
  makePrimaryAsk: (card: string): string =>
    `${card} becomes your primary card. Automatic payments will charge it.`,
  madePrimary: (card: string): string => `${card} is your primary card.`,
  editNickname: 'Edit nickname',
  save: 'Save',
  delete: 'Delete',
  deleteTitle: 'Delete card',
  deleteAsk: (card: string): string => `${card} will be removed from your account.`,
  deleteNext: (next: string): string => `${next} becomes your primary card.`,
  deleteLast: 'It is your last card: automatic payment will stop.',
  deleted: (card: string): string => `${card} was deleted.`,
  actionsFor: (what: string): string => `Actions for ${what}`,
  offerTitle: (card: string): string => `Pay what is open with ${card}?`,
  offer: (invoices: string): string => `You have ${invoices}.`,
  offerGo: 'Pay now',
  dismiss: 'Not now',

  // Invoices
  invoice: 'Invoice',
  invoiceTitle: (number: string): string => `Invoice ${number}`,
  number: 'Number',
  issued: 'Issued',
  due: 'Due',
  total: 'Total',
  status: 'Status',
  show: 'Show',
  all: 'All',
  statusOf: { open: 'Open', overdue: 'Overdue', paid: 'Paid', void: 'Void' } as Record<
    string,
    string
  >,
  noInvoices: 'No invoices yet',
  noInvoicesWhy: 'Your invoices appear here as soon as they are issued.',
  noneOfThese: 'No invoice fits this filter',
  showAll: 'Show all invoices',
  newer: 'Newest',
  older: 'Older',
  view: 'View',
  pay: 'Pay',
  description: 'Description',
  quantity: 'Quantity',
  amount: 'Amount',
  lines: 'Lines',
  billedTo: 'Billed to',

  // Paying
  payTitle: (number: string): string => `Pay Invoice ${number}`,
  creditCard: 'Credit Card',
  oneTime: 'One-time payment',
  oneTimeWhy: 'This card is used once and is not stored.',
  cvvHint: 'The three or four digits on the card, typed again for your safety.',
  payAmount: (amount: string): string => `PAY ${amount}`,
  sending: 'Paying. Do not close this page.',
  paidTitle: 'Paid',
  paid: (amount: string, number: string): string => `${amount} for invoice ${number} is paid.`,
  receipt: 'See the receipt',
  done: 'Done',
  confirming: 'We are confirming this with your bank. You can close this, nothing is lost.',
  bankTitle: 'Your bank asks you to confirm',
  bank: 'Take your bank’s step to finish this payment, or use another card.',
  bankGo: 'Confirm with your bank',
  bankGiveUp: 'Use another card',
  declined: (why: string): string => `The card was declined. ${why}`,
  retriedOn: (on: string): string =>
    `Automatic payment tries again on ${on}, unless the invoice is paid by then.`,
  notCharged: 'That try ended without a charge. You can pay again.',
  alreadyPaid: 'This invoice is paid already.',
  notPayable: 'This invoice is not open for payment.',
  tryAgainSafe: 'You may press PAY again: an invoice is charged once at most.',

  // Payments
  noPayments: 'No payments yet',
  noPaymentsWhy: 'What you pay, and what is charged automatically, appears here.',
  date: 'Date',
  method: 'Card',
  how: { manual: 'By you', one_time: 'One-time payment', autopay: 'Automatic' } as Record<
    string,
    string
  >,
  paymentStatus: {
    succeeded: 'Paid',
    processing: 'Confirming',
    requires_action: 'Needs confirmation',
    declined: 'Declined',
    canceled: 'Not charged',
  } as Record<string, string>,
  refunded: (amount: string): string => `${amount} refunded`,
  disputed: { open: 'Disputed', won: 'Dispute settled', lost: 'Dispute lost' } as Record<
    string,
    string
  >,
  receiptTitle: 'Receipt',
  paymentTitle: 'Payment',
  paymentId: 'Payment number',
  paidWith: 'Paid with',
  paidHow: 'How',

  // Account
  customer: 'Customer number',
  autopay: 'Automatic payment',
  autopayWhy:
    'On the day an invoice is due we charge your primary card. You can turn it off at any time.',
  autopayTurned: (on: boolean): string => `Automatic payment is ${on ? 'on' : 'off'}.`,
  autopayNeedsCard: 'Add a card first: automatic payment charges your primary card.',
  changePassword: 'Change password',
  currentPassword: 'Current password',
  passwordChanged: 'Your password is changed.',
  totp: 'Authenticator app',
  totpAbout:
    'A code from your phone, asked for at log-in, keeps others out even with your password.',
  totpSetUp: 'Set up an authenticator app',
  totpScan: 'Scan this with your authenticator app, then type the code it shows.',
  totpQr: 'QR code for your authenticator app',
  totpKey: 'Or type this key',
  totpOn: 'Your authenticator app is set up. Its code is asked for at the next log-in.',
  totpOff: 'The authenticator app is no longer asked for.',
  totpIsOn: 'Its code is asked for at every log-in.',
  totpTurnOff: 'Stop asking for a code',
  totpTurnOffAsk: 'Log-in will need your password alone.',
  turnOn: 'Turn on',
}

const BRANDS: Record<string, string> = {
  amex: 'American Express',
  cartes_bancaires: 'Cartes Bancaires',
  diners: 'Diners Club',
  discover: 'Discover',
  eftpos_au: 'Eftpos',
  jcb: 'JCB',
  mastercard: 'Mastercard',
  unionpay: 'UnionPay',
  visa: 'Visa',
}

/** Write Stripe's name of a brand as people know it. */
export function brandName(brand: string): string {
  return BRANDS[brand] ?? 'Card'
}

/** Name a card as it is read out: "Visa ending in 4242". */
export function cardName(card: { brand: string; last4: string }): string {
  return m.cardName(brandName(card.brand), card.last4)
}
